namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>A regular expression is malformed or asks for what is not supported; the message goes on after its place ("holds ... at ...").</summary>
internal sealed class RegexFault(string message) : Exception(message);
