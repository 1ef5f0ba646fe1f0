namespace CoLlm.Inference.Tokenization;

/// <summary>A tokenizer was asked for something it cannot do, such as decoding an id that it does not have; the message is one sentence.</summary>
public sealed class TokenizerException(string message) : Exception(message);
