"""How a mail becomes a message and leaves the house: its headers, the SMTP connection, GOV.UK Notify. Writes nothing
down: whoever hands a message over says what is to happen at the last moment before it goes."""
