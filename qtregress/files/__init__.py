"""The only readers and writers of files: documents, foreign formats, stores."""
