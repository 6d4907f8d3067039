"""What a terminal shows of the telemetry."""
