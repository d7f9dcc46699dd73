"""What we write to people: texts, links, the outbox; and one file a channel."""
