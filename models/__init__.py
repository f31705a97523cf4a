"""What listens and judges. Knows nothing of Telegram."""
