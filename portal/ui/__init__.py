"""The visual system: template tags, the table of states and their tones, formats by locale, tables, charts."""
