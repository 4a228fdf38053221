"""Drawing by arithmetic: whole batches of pictures as NumPy arrays, every one a function of the generator given."""
