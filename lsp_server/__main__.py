import sys

from ghostlap.lsp_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
