using System.Text.RegularExpressions;

namespace CoLlm.Architecture.Tests;

/// <summary>House rules that a machine can check; each test lists every file that breaks its rule.</summary>
public sealed partial class TidyTests
{
    private const int MaxLines = 300;

    /// <summary>Kernels spell out what a loop would hide, so they are longer.</summary>
    private const int MaxKernelLines = 450;

    [Fact]
    public void SourceFiles_OneIdeaEach_StayShort() => Assert.Empty(
        from path in SourceTree.With(".cs")
        let lines = SourceTree.Read(path).Count(character => character == '\n')
        where lines > (path.Contains("/Kernels/", StringComparison.Ordinal) ? MaxKernelLines : MaxLines)
        select $"{path}: {lines} lines");

    [Fact]
    public void SourceFiles_Finished_HaveNoMarkersOfUnfinishedWork() => Assert.Empty(
        from path in SourceTree.With(".cs")
        where !path.EndsWith("TidyTests.cs", StringComparison.Ordinal)
        let match = UnfinishedWork().Match(SourceTree.Read(path))
        where match.Success
        select $"{path}: {match.Value}");

    [Fact]
    public void TestMethods_Names_SayMemberConditionAndOutcome() => Assert.Empty(
        from path in SourceTree.With(".cs")
        from Match match in TestMethod().Matches(SourceTree.Read(path))
        let name = match.Groups["name"].Value
        where name.Split('_').Length < 3
        select $"{path}: {name}");

    [GeneratedRegex(@"\b(TODO|FIXME|HACK)\b|NotImplementedException|^\s*#region|Thread\.Sleep\(|Skip = """, RegexOptions.Multiline)]
    private static partial Regex UnfinishedWork();

    [GeneratedRegex(@"\[(?:Fact|Theory)[^\n]*\]\s*(?:\[[^\n]*\]\s*)*public (?:async |static |override |virtual )*[\w<>\[\]]+ (?<name>\w+)\(")]
    private static partial Regex TestMethod();
}
