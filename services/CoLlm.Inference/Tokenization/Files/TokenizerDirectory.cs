using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Finds out which tokenizer a directory holds and reads it.</summary>
internal static class TokenizerDirectory
{
    /// <exception cref="CheckpointException">There is none, or it cannot be used.</exception>
    public static TokenizerParts Read(string directory)
    {
        if (!Directory.Exists(directory))
            throw new CheckpointException($"{directory}: there is no such directory.");
        string json = Path.Combine(directory, "tokenizer.json");
        string model = Path.Combine(directory, "tokenizer.model");
        if (File.Exists(json))
            return TokenizerJson.Read(json, DeclaredTokens.Read(directory));
        if (File.Exists(model))
            return SentencePieceFile.Read(model, DeclaredTokens.Read(directory));
        throw new CheckpointException($"{directory}: the directory holds neither tokenizer.json nor tokenizer.model.");
    }
}
