"""What goes wrong in a user's hands: one sentence that says what, where, and what to do."""


class InputError(ValueError):
    """Something the caller gave cannot be used.

    The message is one sentence for the person at the keyboard: what is wrong, where (the file, the
    argument and its value), and what to do. The command line prints it and exits with code 2; a
    notebook shows it as the last line of its traceback.
    """


class InputWarning(UserWarning):
    """Something the caller gave was used, but not as it stands; the message says how.

    The command line prints it as one line on standard error.
    """
