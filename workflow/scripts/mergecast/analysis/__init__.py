"""What is made of the tables: one folder per analysis. `declared` says what a folder holds, and finds them all."""
