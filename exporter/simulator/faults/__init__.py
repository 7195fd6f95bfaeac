"""What can be made to go wrong with an answer, on purpose."""
