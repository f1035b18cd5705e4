"""What both sides ask for."""

MODEL = "openai/gpt-image-2"
PROMPT = "A red fox in the snow"
OPTIONS = {"quality": "medium", "size": "1024x1024"}  # medium takes the sandbox exactly its delay
