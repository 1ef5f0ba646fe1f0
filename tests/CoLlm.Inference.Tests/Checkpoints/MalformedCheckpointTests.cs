using System.Text.Json.Nodes;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Checkpoints;

public sealed class MalformedCheckpointTests : IDisposable
{
    private const string Single = "model.safetensors";

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, int, string> Headers => new()
    {
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}""", 12, "tensor 'a' takes 12 bytes, but [2] of F32 needs 8." },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "tensor 'a' ends at byte 8 of a data section of 4 bytes (is the file truncated?)." },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "4 bytes after 'a' belong to no tensor." },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "tensor 'a' leaves 4 unnamed bytes after the header." },
        { """{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}""", 4, "tensor 'b' overlaps 'a'." },
        { """{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}""", 4, "tensor 'a' has the unknown dtype 'F99'." },
        { """{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""", 4, "tensor 'a' has the shape [4294967296, 4294967296], which overflows." },
        { """{"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,4]}}""", 4, "tensor 'a' has the shape [9223372036854775807], which overflows." },
        { """{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "tensor 'a' has an entry of shape that is not a whole number from 0 to 2^63 - 1." },
        { """{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "tensor 'a' has an entry of shape that is not a whole number from 0 to 2^63 - 1." },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}}""", 4, "tensor 'a' has an entry of data_offsets that is not a whole number from 0 to 2^63 - 1." },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}""", 8, "tensor 'a' ends at byte 4 before it begins at 8." },
        { """{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""", 4, "tensor 'a' has more than 8 entries in shape." },
        { """{"a":{"dtype":"F32","shape":[1]}}""", 4, "tensor 'a' lacks dtype, shape or a pair of data_offsets." },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "the header names tensor 'a' twice." },
        { """{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "tensor 'a' has a dtype that is repeated or not a text." },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}""", 4, "tensor 'a' has the unknown key 'x'." },
        { """{"a":7}""", 0, "tensor 'a' is not described by an object." },
        { """[]""", 0, "the header is not a JSON object." },
        { "{\"a\u0007\":7}", 0, "the header is broken JSON at byte 11 of line 1." },
        { """{"\ud800":7}""", 0, "the header holds text that is not valid Unicode." },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void Open_BrokenHeader_SaysWhatIsWrong(string header, int dataLength, string expected)
    {
        string path = _folder.Write(Single, SafetensorsBytes.From(header, new byte[dataLength]));

        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));

        Assert.Equal($"{Single}: {expected}", error.Message);
    }

    [Theory]
    [InlineData(100_000_001UL, "the header claims 100000001 bytes, more than the 100000000 allowed.")]
    [InlineData(ulong.MaxValue, "the header claims 18446744073709551615 bytes, more than the 100000000 allowed.")]
    [InlineData(3UL, "the header claims 3 bytes, but the file has 2 after the length.")]
    public void Open_HeaderLengthThatLies_IsRefused(ulong length, string expected)
    {
        string path = _folder.Write(Single, SafetensorsBytes.From(length, "{}", []));

        Assert.Equal($"{Single}: {expected}", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Open_FileOfAFewBytes_IsRefused(int length)
    {
        string path = _folder.Write(Single, new byte[length]);

        Assert.Equal($"{Single}: its {length} bytes are too few for a safetensors file.", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void GetTensor_FormatThatIsNoWeight_IsRefusedOnlyWhenAskedFor()
    {
        CopyModel("llama-tiny");
        RewriteHeader(header => header["model.norm.weight"] = JsonNode.Parse("""{"dtype":"I16","shape":[64],"data_offsets":OFFSETS}"""
            .Replace("OFFSETS", header["model.norm.weight"]!["data_offsets"]!.ToJsonString(), StringComparison.Ordinal)));

        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        var error = Assert.Throws<CheckpointException>(() => checkpoint.GetTensor("model.norm.weight", 64));

        Assert.Equal("model.safetensors: tensor 'model.norm.weight' is stored as I16; weights must be F32, F16 or BF16.", error.Message);
    }

    [Fact]
    public void Open_OneByteShort_NamesTheTensorThatIsCutOff()
    {
        CopyModel("llama-tiny");
        byte[] content = File.ReadAllBytes(_folder.File(Single));
        _folder.Write(Single, content[..^1]);

        Assert.Matches("^model.safetensors: tensor '.+' ends at byte .+ \\(is the file truncated\\?\\)\\.$", OpenError());
    }

    [Theory]
    [InlineData("../model-00002-of-00002.safetensors")]
    [InlineData("/etc/passwd.safetensors")]
    [InlineData("sub\\\\model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    public void Open_IndexThatNamesAnotherPlace_IsRefused(string target)
    {
        CopyModel("llama3-tiny");
        EditIndex(text => text.Replace("\"model.norm.weight\": \"model-00002-of-00002.safetensors\"", $"\"model.norm.weight\": \"{target}\"", StringComparison.Ordinal));

        Assert.Contains("which is no .safetensors file of this directory.", OpenError(), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MissingShard_IsNamed()
    {
        CopyModel("llama3-tiny");
        File.Delete(_folder.File("model-00002-of-00002.safetensors"));

        Assert.Equal("model.safetensors.index.json: it names 'model-00002-of-00002.safetensors', which is missing.", OpenError());
    }

    [Fact]
    public void Open_IndexThatPlacesATensorElsewhere_IsRefused()
    {
        CopyModel("llama3-tiny");
        EditIndex(text => text.Replace("\"model.norm.weight\": \"model-00002", "\"model.norm.weight\": \"model-00001", StringComparison.Ordinal));

        Assert.Equal("model.safetensors.index.json: tensor 'model.norm.weight' is in 'model-00002-of-00002.safetensors' too, "
            + "not only in 'model-00001-of-00002.safetensors'.", OpenError());
    }

    [Theory]
    [InlineData("{\"weight_map\": {\"a\": \"x.safetensors\", \"a\": \"y.safetensors\"}}", "broken JSON, an object in it names a key twice.")]
    [InlineData("{\"weight_map\": {\"a\": 1}}", "tensor 'a' is not mapped to a file name.")]
    [InlineData("{\"weight_map\": []}", "it holds no 'weight_map' object.")]
    [InlineData("[]", "it holds no 'weight_map' object.")]
    [InlineData("{\"weight_map\"", "broken JSON at line 1")]
    [InlineData("{\"weight_map\": {\"\\ud800\": \"x.safetensors\"}}", "is not valid Unicode.")]
    [InlineData("{\"weight_map\": {\"a\": \"\\udc00.safetensors\"}}", "'weight_map' holds text that is not valid Unicode.")]
    public void Open_BrokenIndex_SaysSo(string index, string expected)
    {
        CopyModel("llama3-tiny");
        _folder.Write("model.safetensors.index.json", index);

        Assert.Contains(expected, OpenError(), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_DirectoryWithoutWeights_SaysWhatIsLookedFor()
    {
        CopyModel("llama-tiny");
        File.Delete(_folder.File(Single));

        Assert.EndsWith("it holds neither model.safetensors nor model.safetensors.index.json.", OpenError(), StringComparison.Ordinal);
    }

    private void CopyModel(string name) => _folder.CopyFrom(RepositoryPaths.Golden("models", name));

    private void EditIndex(Func<string, string> edit) =>
        _folder.Write("model.safetensors.index.json", edit(File.ReadAllText(_folder.File("model.safetensors.index.json"))));

    private void RewriteHeader(Action<JsonObject> edit)
    {
        byte[] content = File.ReadAllBytes(_folder.File(Single));
        int headerLength = (int)BitConverter.ToUInt64(content);
        JsonObject header = JsonNode.Parse(content.AsSpan(8, headerLength))!.AsObject();
        edit(header);
        _folder.Write(Single, SafetensorsBytes.From(header.ToJsonString(), content[(8 + headerLength)..]));
    }

    private string OpenError() => Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path).Dispose()).Message;
}
