"""How each kind of provider speaks: pure translation, no network."""
