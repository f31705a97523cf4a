"""What judges the words: text in, tone and emotions out."""
