"""What was sold, and whether the money adds up."""
