"""The gateway as its users meet it: a real ``twistd`` process, the openai package, raw sockets."""
