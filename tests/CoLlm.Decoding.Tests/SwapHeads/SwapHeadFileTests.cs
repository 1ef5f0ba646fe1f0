using System.Buffers.Binary;
using System.Text;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Decoding.Tests.SwapHeads;

/// <summary>The swap head file: round trips, refusals in one sentence, and no crash whatever the bytes.</summary>
public sealed class SwapHeadFileTests
{
    private static readonly SwapHeadIdentity Identity =
        new("base-1", "tokenizer-1", [new ExpertIdentity("math", "m-1"), new ExpertIdentity("médecine \"x\"", "d-1")]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Parse_WrittenFile_GivesTheSameHead(bool isCalibrated)
    {
        SwapHeadFile file = Sample(isCalibrated);
        SwapHeadFile read = SwapHeadFile.Parse(file.ToBytes(), "memory");

        Assert.Equal(file.Head.Theta.ToArray(), read.Head.Theta.ToArray());
        Assert.Equal(file.Head.HiddenSize, read.Head.HiddenSize);
        Assert.Equal(Identity.Experts, read.TrainedWith.Experts);
        Assert.Equal((Identity.BaseFingerprint, Identity.TokenizerFingerprint), (read.TrainedWith.BaseFingerprint, read.TrainedWith.TokenizerFingerprint));
        Assert.Equal(file.Calibration?.Points, read.Calibration?.Points);
        Assert.Null(read.Calibration?.Best);
        Assert.Equal(file.ToBytes(), read.ToBytes());
    }

    [Fact]
    public void Parse_FileWithABestRow_NamesIt()
    {
        SwapHeadFile file = Sample(true);
        file = file with { Calibration = file.Calibration!.WithBest(file.Calibration.Points[^1].TargetRate) };
        SwapHeadFile read = SwapHeadFile.Parse(file.ToBytes(), "memory");
        Assert.Equal(file.Calibration.Points[^1], read.Calibration!.Best);
        Assert.Equal(file.ToBytes(), read.ToBytes());
    }

    [Theory]
    [InlineData("0.875")]
    [InlineData("most")]
    public void Parse_BestRowThatIsNotThere_IsRefused(string rate)
    {
        byte[] bytes = WithHeader("\"base_fingerprint\"", $"\"calibration.best_target_rate\":\"{rate}\",\"base_fingerprint\"");
        Assert.Contains($"marks the target rate \"{rate}\" as the best", Assert.Throws<CheckpointException>(() => SwapHeadFile.Parse(bytes, "x")).Message);
    }

    [Fact]
    public void Write_ExistingFile_IsReplacedWhole()
    {
        using var folder = new TemporaryDirectory();
        string path = Path.Combine(folder.Path, "head.safetensors");
        File.WriteAllText(path, "old");
        Sample(true).Write(path);
        Assert.Equal(2, SwapHeadFile.Read(path).Head.ExpertCount);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Read_MissingFile_IsOneSentence()
    {
        CheckpointException exception = Assert.Throws<CheckpointException>(() => SwapHeadFile.Read("/nowhere/head.safetensors"));
        Assert.StartsWith("/nowhere/head.safetensors cannot be read:", exception.Message);
    }

    [Theory]
    [InlineData("collm-swap-head", "something-else", "its format is \"something-else\"")]
    [InlineData("\"format_version\":\"1\"", "\"format_version\":\"2\"", "its format version is 2; this build reads version 1")]
    [InlineData("\"F32\",\"shape\":[2,6]", "\"F16\",\"shape\":[2,6]", "tensor theta has element type F16, not F32")]
    [InlineData("\"shape\":[2,6]", "\"shape\":[2,7]", "tensor theta lies at bytes 0 to 48 of 64, which does not hold 14 elements")]
    [InlineData("\"shape\":[2,6]", "\"shape\":[3,4]", "theta has 3 rows, but 2 experts are named")]
    [InlineData("\"shape\":[2,6]", "\"shape\":[2,-6]", "which is out of bounds")]
    [InlineData("\"shape\":[2,6]", "\"shape\":[4294967296,4294967296]", "which is out of bounds")]
    [InlineData("\"shape\":[2,6]", "\"shape\":[2.5,6]", "holds something other than an integer")]
    [InlineData("[0,48]", "[-8,40]", "tensor theta lies at bytes -8 to 40")]
    [InlineData("[0,48]", "[9223372036854775807,-9223372036854775761]", "tensor theta lies at bytes")]
    [InlineData("\"theta\"", "\"thera\"", "the header has no theta of kind object")]
    [InlineData("base_fingerprint", "face_fingerprint", "the header has no base_fingerprint of kind string")]
    [InlineData("calibration.threshold", "calibration.thresholx", "the header has no calibration.threshold of kind object")]
    [InlineData("math\\u0022,", "math\\u0022;", "the list of experts is not valid JSON")]
    [InlineData("math", "m\\uD800", "is not a usable swap head")]
    public void Parse_WrongHeader_SaysWhatAndWhere(string from, string to, string expected)
    {
        CheckpointException exception = Assert.Throws<CheckpointException>(() => SwapHeadFile.Parse(WithHeader(from, to), "head.safetensors"));
        Assert.StartsWith("head.safetensors is not a usable swap head: ", exception.Message);
        Assert.Contains(expected, exception.Message);
    }

    [Fact]
    public void Parse_WeightThatIsNotFinite_IsRefused()
    {
        byte[] bytes = Sample(true).ToBytes();
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(bytes.Length - 64), float.NaN);
        Assert.Contains("tensor theta holds a value that is not finite", Assert.Throws<CheckpointException>(() => SwapHeadFile.Parse(bytes, "x")).Message);
    }

    [Fact]
    public void Parse_EveryTruncation_IsRefused()
    {
        byte[] bytes = Sample(true).ToBytes();
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<CheckpointException>(() => SwapHeadFile.Parse(bytes.AsMemory(0, length), "cut"));
    }

    [Theory]
    [InlineData(0, 20)]
    [InlineData(8, 4000)]
    public void Parse_RandomDamage_NeverCrashes(int start, int rounds)
    {
        byte[] original = Sample(true).ToBytes();
        var random = new Random(1);
        for (int round = 0; round < rounds; round++)
        {
            byte[] bytes = [.. original];
            for (int damage = random.Next(1, 5); damage > 0; damage--)
                bytes[random.Next(start, bytes.Length)] = (byte)random.Next(256);
            if (Record.Exception(() => SwapHeadFile.Parse(bytes, "damaged")) is { } exception)
                Assert.IsType<CheckpointException>(exception);
        }
    }

    [Fact]
    public void FindMismatches_SameModelsInAnotherOrder_AreNone() =>
        Assert.Empty(Identity.FindMismatches(Identity with { Experts = [.. Identity.Experts.Reverse()] }));

    [Fact]
    public void FindMismatches_OtherModels_NamesBothValues()
    {
        var running = new SwapHeadIdentity("base-2", "tokenizer-1", [new ExpertIdentity("math", "m-2"), new ExpertIdentity("law", "l-1")]);
        Assert.Equal(
            [
                "The swap head was trained with base model base-1, but base-2 is running.",
                "The swap head was trained with expert math m-1, but m-2 is running.",
                "The swap head was trained with expert médecine \"x\", which is not among the running ones (math, law).",
                "Expert law is running, but the swap head was trained with math, médecine \"x\" only.",
            ],
            Identity.FindMismatches(running));
    }

    [Fact]
    public void RequireFit_OtherModels_IsRefusedUnlessAllowed()
    {
        SwapHeadFile file = Sample(true);
        SwapHeadIdentity running = Identity with { BaseFingerprint = "base-2", TokenizerFingerprint = "tokenizer-2" };
        CheckpointException exception = Assert.Throws<CheckpointException>(() => file.RequireFit(running, allowsMismatch: false));
        Assert.Contains("base-1, but base-2 is running. The swap head was trained with tokenizer tokenizer-1, but tokenizer-2", exception.Message);
        Assert.Equal(2, file.RequireFit(running, allowsMismatch: true).Count);
        Assert.Empty(file.RequireFit(Identity, allowsMismatch: false));
    }

    [Fact]
    public void HeadFor_ExpertsInAnotherOrder_ReportsInThatOrder()
    {
        SwapHeadFile file = Sample(true);
        float[] hidden = [0.5f, 0, 0, 0, 0, 1];
        float[] trained = new float[2];
        float[] wanted = new float[2];
        file.Head.Score(hidden, trained);
        file.HeadFor([Identity.Experts[1].Name, "math"]).Score(hidden, wanted);
        Assert.Equal([trained[1], trained[0]], wanted);
        Assert.Equal("The swap head was not trained with expert law.", Assert.Throws<CheckpointException>(() => file.HeadFor(["law"])).Message);
    }

    private static SwapHeadFile Sample(bool isCalibrated)
    {
        float[] theta = [.. Enumerable.Range(0, 12).Select(i => i * 0.25f - 1f)];
        CalibrationTable? table = CalibrationTable.TryCreate([new(0.1f, 0.75f), new(0.5f, 0.25f)], out _);
        return new SwapHeadFile(new SwapHead(theta, 6), Identity, isCalibrated ? table : null);
    }

    private static byte[] WithHeader(string from, string to)
    {
        byte[] bytes = Sample(true).ToBytes();
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        string header = Encoding.UTF8.GetString(bytes, 8, length);
        string changed = header.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(header, changed);
        byte[] text = Encoding.UTF8.GetBytes(changed);
        byte[] result = new byte[8 + text.Length + bytes.Length - 8 - length];
        BinaryPrimitives.WriteUInt64LittleEndian(result, (ulong)text.Length);
        text.CopyTo(result, 8);
        bytes.AsSpan(8 + length).CopyTo(result.AsSpan(8 + text.Length));
        return result;
    }
}
