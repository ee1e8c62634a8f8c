"""The pulse table: documents, envelopes, schedules."""
