"""Commands of the shell that need room of their own, one module each; `cli` gathers them."""
