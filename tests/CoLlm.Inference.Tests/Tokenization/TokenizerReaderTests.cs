using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Tokenization;

public sealed class TokenizerReaderTests
{
    [Theory]
    [InlineData("\"BPE\"", "\"Unigram\"", "model.type is Unigram")]
    [InlineData("\"type\": \"BPE\"", "\"type\": 7", "model.type is not a string")]
    [InlineData("\"NFC\"", "\"NFKC\"", "normalizer.type is NFKC")]
    [InlineData("\"Isolated\"", "\"Sideways\"", "pre_tokenizer.pretokenizers[0].behavior is Sideways")]
    [InlineData("\\\\p{L}+", "\\\\p{Klingon}+", "pre_tokenizer.pretokenizers[0].pattern.Regex holds the property")]
    [InlineData("\"!\": 0", "\"!\": -1", "model.vocab.! is -1, outside")]
    [InlineData("\"!\": 0", "\"!\": 99999999", "model.vocab.! is 99999999, outside")]
    [InlineData("\"!\": 0", "\"!\": 9999999", "the largest token id 9999999 is too far above")]
    [InlineData("\"!\": 0", "\"!\": 1", "has id 1, which")]
    [InlineData("\"h e\"", "\"h e e\"", "model.merges[0] is not a pair of pieces")]
    [InlineData("\"h e\"", "\"h zz\"", "model.merges[0] merges \"h\" and \"zz\", which are not both in the vocabulary")]
    [InlineData("\"dropout\": null", "\"dropout\": 0.1", "model.dropout is set")]
    public void Load_ChangedTokenizerJson_NamesFileAndPlace(string old, string replacement, string expected)
    {
        string json = Indented("qwen2-bpe");
        Assert.Contains(old, json, StringComparison.Ordinal);
        using var folder = new TokenizerFolder();
        int at = json.IndexOf(old, StringComparison.Ordinal);
        folder.Write("tokenizer.json", json[..at] + replacement + json[(at + old.Length)..]);

        var exception = Assert.Throws<CheckpointException>(() => Tokenizer.Load(folder.Path));

        Assert.StartsWith(folder.File("tokenizer.json") + ": ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NothingToRead_SaysSo()
    {
        using var folder = new TokenizerFolder();

        Assert.Contains("neither", Assert.Throws<CheckpointException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => Tokenizer.Load(folder.File("missing")));
    }

    [Theory]
    [InlineData("llama3-bpe", "tokenizer.json")]
    [InlineData("llama2-spm", "tokenizer.json")]
    [InlineData("llama2-spm", "tokenizer.model")]
    [InlineData("llama2-spm", "tokenizer_config.json")]
    public void Load_MutatedFile_LoadsOrThrowsTheTypedException(string name, string file)
    {
        byte[] good = File.ReadAllBytes(RepositoryPaths.Golden("tokenizers", name, file));
        var random = new Random(7);
        using var folder = new TokenizerFolder();
        if (file == "tokenizer_config.json")
            folder.Copy($"tokenizers/{name}/tokenizer.model");
        for (int round = 0; round < 250; round++)
        {
            folder.Write(file, Mutated(good, random, round));
            try
            {
                Tokenizer tokenizer = Tokenizer.Load(folder.Path);
                int[] ids = tokenizer.Encode("Hello <s> wörld 123\n😀", addSpecial: true);
                tokenizer.Decode(ids, skipSpecial: false);
            }
            catch (CheckpointException exception)
            {
                Assert.StartsWith(folder.Path, exception.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F }, "cut short")]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, "more than ten bytes")]
    [InlineData(new byte[] { 0x0B }, "unknown wire type 3")]
    [InlineData(new byte[0], "holds no pieces")]
    public void Load_BrokenModelFile_SaysWhatIsWrong(byte[] content, string expected)
    {
        using var folder = new TokenizerFolder();
        folder.Write("tokenizer.model", content);

        var exception = Assert.Throws<CheckpointException>(() => Tokenizer.Load(folder.Path));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_UnigramModel_IsRefused()
    {
        // One piece "a", and no trainer section: the format's default model type is unigram.
        using var folder = new TokenizerFolder();
        folder.Write("tokenizer.model", [0x0A, 0x03, 0x0A, 0x01, (byte)'a']);

        var exception = Assert.Throws<CheckpointException>(() => Tokenizer.Load(folder.Path));

        Assert.Contains("unigram", exception.Message, StringComparison.Ordinal);
    }

    private static byte[] Mutated(byte[] good, Random random, int round)
    {
        byte[] bytes = round % 4 == 3 ? good[..random.Next(good.Length)] : [.. good];
        for (int change = 0; change < round % 4 && bytes.Length > 0; change++)
        {
            int at = random.Next(bytes.Length);
            bytes[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => (byte)(bytes[at] ^ (1 << random.Next(8))), _ => bytes[random.Next(bytes.Length)] };
        }

        return bytes;
    }

    private static string Indented(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(RepositoryPaths.Golden("tokenizers", name, "tokenizer.json")));
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            document.WriteTo(writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
