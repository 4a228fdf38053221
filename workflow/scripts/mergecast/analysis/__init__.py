"""What is made of the tables: one folder an analysis. `declared` says what a folder holds, and finds them all."""
