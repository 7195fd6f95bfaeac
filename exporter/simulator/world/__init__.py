"""What the simulated platform holds: certificates, their lives, and the clock they follow."""
