"""What touches the world, for workflows."""
