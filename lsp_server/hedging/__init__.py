"""Which policy asks the providers: from the settings and from what the user has switched since."""
