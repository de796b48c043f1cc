"""What keeps the house in order: how long each thing that grows is kept, and its clearing away."""
