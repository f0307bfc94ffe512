"""The series of notebooks as a whole: its order, its pages, how it is run, exported and marked."""
