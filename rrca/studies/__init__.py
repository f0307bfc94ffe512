"""What the notebooks measure, one question a module: contrast by pass, shared norms, plateaus, where gradients go."""
