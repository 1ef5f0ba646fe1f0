using System.Text.RegularExpressions;

namespace CoLlm.Architecture.Tests;

/// <summary>House rules that a machine can check.</summary>
public sealed partial class TidyTests
{
    private const int MaxLines = 300;

    /// <summary>Kernels spell out what a loop would hide, so they are longer.</summary>
    private const int MaxKernelLines = 450;

    public static TheoryData<string> SourceFiles => [.. SourceTree.With(".cs")];

    [Theory]
    [MemberData(nameof(SourceFiles))]
    public void SourceFile_OneIdea_StaysShort(string path)
    {
        int limit = path.Contains("/Kernels/", StringComparison.Ordinal) ? MaxKernelLines : MaxLines;
        Assert.InRange(SourceTree.Read(path).Count(character => character == '\n'), 0, limit);
    }

    [Theory]
    [MemberData(nameof(SourceFiles))]
    public void SourceFile_Finished_HasNoMarkersOfUnfinishedWork(string path)
    {
        if (path.EndsWith("TidyTests.cs", StringComparison.Ordinal))
            return;
        Assert.DoesNotMatch(UnfinishedWork(), SourceTree.Read(path));
    }

    [Theory]
    [MemberData(nameof(SourceFiles))]
    public void TestMethod_Name_SaysMemberConditionAndOutcome(string path)
    {
        string[] badNames = [.. TestMethod().Matches(SourceTree.Read(path)).Select(match => match.Groups["name"].Value)
            .Where(name => name.Split('_').Length < 3)];
        Assert.Empty(badNames);
    }

    [GeneratedRegex(@"\b(TODO|FIXME|HACK)\b|NotImplementedException|^\s*#region|Thread\.Sleep\(", RegexOptions.Multiline)]
    private static partial Regex UnfinishedWork();

    [GeneratedRegex(@"\[(?:Fact|Theory)[^\n]*\]\s*(?:\[[^\n]*\]\s*)*public (?:async |static |override |virtual )*[\w<>\[\]]+ (?<name>\w+)\(")]
    private static partial Regex TestMethod();
}
