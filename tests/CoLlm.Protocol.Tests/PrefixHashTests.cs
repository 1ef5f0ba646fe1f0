namespace CoLlm.Protocol.Tests;

/// <summary>The rolling prefix hash: the published vectors, and that it notices what it is for.</summary>
public sealed class PrefixHashTests
{
    public static TheoryData<int[], ulong> Vectors => new()
    {
        { [], 0x436F4C4C4D000001 },
        { [0], 0x9C8EF3474CC48F52 },
        { [1], 0xFE57798EAF57798E },
        { [0, 0], 0x8FA986351296FF8F },
        { [1, 2], 0xBC072C64EB83E418 },
        { [2, 1], 0x13F3E20E760616DA },
        { [31999, 128000, 0, 2147483647], 0xB34A99B1D288D355 },
        { [.. Enumerable.Range(0, 1000)], 0x3077EBB5EE23A825 },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Of_PublishedVector_GivesItsHash(int[] tokenIds, ulong expected)
    {
        Assert.Equal(expected, PrefixHash.Of(tokenIds).Value);
        Assert.Contains(expected.ToString("x16"), File.ReadAllText(Path.Combine(Testing.RepositoryPaths.Root, "protos", "README.md")));
    }

    [Fact]
    public void Append_InAnyPieces_EqualsTheWhole()
    {
        var random = new Random(1);
        int[] tokenIds = [.. Enumerable.Range(0, 500).Select(_ => random.Next(32000))];
        for (int cut = 0; cut <= tokenIds.Length; cut += 7)
            Assert.Equal(PrefixHash.Of(tokenIds), PrefixHash.Of(tokenIds.AsSpan(0, cut)).Append(tokenIds.AsSpan(cut)));
    }

    [Fact]
    public void Of_OneTokenChangedOrSwapped_Differs()
    {
        var random = new Random(2);
        int[] tokenIds = [.. Enumerable.Range(0, 300).Select(_ => random.Next(32000))];
        PrefixHash original = PrefixHash.Of(tokenIds);
        for (int i = 0; i < tokenIds.Length; i++)
        {
            int[] changed = [.. tokenIds];
            changed[i] = (changed[i] + 1 + random.Next(31998)) % 32000;
            Assert.NotEqual(original, PrefixHash.Of(changed));
            int other = (i + 1) % tokenIds.Length;
            int[] swapped = [.. tokenIds];
            (swapped[i], swapped[other]) = (swapped[other], swapped[i]);
            Assert.Equal(swapped[i] == tokenIds[i], original == PrefixHash.Of(swapped));
        }
    }

    [Fact]
    public void Of_AllPairsOfSmallTokens_NeverCollide()
    {
        var seen = new HashSet<ulong>();
        for (int first = 0; first < 300; first++)
        {
            for (int second = 0; second < 300; second++)
                Assert.True(seen.Add(PrefixHash.Of([first, second]).Value));
        }
    }
}
