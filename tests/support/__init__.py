"""What tests share: models, texts, folders, references, processes."""
