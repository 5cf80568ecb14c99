import sys

from portal.runtime.console import main

sys.exit(main(sys.argv[1:]))
