using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Models;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Cli.Models;

/// <summary>Tells whether a checkpoint carries its swap head as the last row of the output projection.</summary>
internal static class DeferralRow
{
    private static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer.model"];

    /// <summary>The row's id, or null where the tokenizer names none or there is no tokenizer.</summary>
    /// <exception cref="TokenizerException">There is a tokenizer, but it cannot be read.</exception>
    public static int? Find(string directory, ModelConfig config)
    {
        if (!TokenizerFiles.Any(file => File.Exists(Path.Combine(directory, file))))
            return null;
        int last = config.VocabularySize - 1;
        return Tokenizer.Load(directory).TokenId(ResearchConvention.DeferralToken) == last ? last : null;
    }
}
