"""What one running emulator holds."""
