"""The public list of models, with the prices the real one published in autumn 2026."""

from gallery.sandbox.wish import GEMINI, GPT

MODELS = {
    "object": "list",
    "data": [
        {
            "id": GPT,
            "name": "OpenAI: GPT Image 2",
            "aliases": [],
            "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["image"]},
            "pricing": {
                "prompt": "0.000005",
                "completion": None,
                "image": "0.000008",
                "output_image": "0.00003",
                "input_cache_read": "0.00000125",
            },
            "supported_endpoints": ["/v1/images/generations", "/v1/images/edits"],
            "supported_parameters": ["quality", "n", "size", "output_format", "background", "stream"],
            "is_deprecated": False,
            "expiration_date": None,
        },
        {
            "id": GEMINI,
            "name": "Google: Gemini 3.1 Flash Image Preview",
            "aliases": [GEMINI.removesuffix("-preview")],
            "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text", "image"]},
            "pricing": {
                "prompt": "0.0000005",
                "completion": "0.000003",
                "image": "0.0000005",
                "output_image": "0.00006",
                "input_cache_read": "0.00000005",
            },
            "supported_endpoints": ["/v1/images/generations", "/gemini/v1beta/models/{model}:generateContent"],
            "supported_parameters": ["quality", "size", "output_format", "background", "stream"],
            "is_deprecated": False,
            "expiration_date": None,
        },
    ],
}
