"""What a command gives the shell beside 0, which is done."""

USER_ERROR = 2
# of sysexits.h: to be tried again
LOST = 75
# those of a process that such a signal has ended
INTERRUPTED, TERMINATED, CLOSED_PIPE = 130, 143, 141
