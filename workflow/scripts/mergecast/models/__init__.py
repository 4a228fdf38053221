"""CLIPs and their checkpoints: encoders, bases, merged weights, those made elsewhere, and the device they run on.

Import the module you need: `architectures` and `external` want neither torch nor OpenCLIP, `checkpoints` torch alone.
"""
