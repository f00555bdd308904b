"""Files that are made of installed networks: optimised, free of their batch of one, in 8 bits."""
