"""`python -m wangjian` is the command line `wangjian`."""

from wangjian.cli import main

main()
