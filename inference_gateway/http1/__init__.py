"""HTTP/1.1 on Twisted transports, parsed by llhttp; knows nothing of language models."""
