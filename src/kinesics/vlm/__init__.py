"""Query vision-language models: rank labels for images and clips, detect events in videos.

A model is a function ``answer(messages) -> text`` (``base``). ``openai_client`` makes one of any OpenAI-compatible server,
``local_model`` of VideoLLaMA 3 on this machine; ``response_cache`` keeps their responses on disk. ``label_ranking`` runs the
zero-shot protocol of GPT-4V with Emotion (Lian et al., Information Fusion 108, 2024, 102367), ``event_prompting`` detects
events in windows of a video. Both send their items through ``batching``.
"""
