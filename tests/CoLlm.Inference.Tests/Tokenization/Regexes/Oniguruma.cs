using System.Runtime.InteropServices;
using System.Text;

namespace CoLlm.Inference.Tests.Tokenization.Regexes;

/// <summary>The library whose expressions tokenizer files hold (Debian's <c>libonig5</c>), asked over UTF-8 with its own syntax.</summary>
internal sealed class Oniguruma : IDisposable
{
    private const string Library = "libonig.so.5";

    private readonly IntPtr _regex;

    private Oniguruma(IntPtr regex) => _regex = regex;

    /// <summary>Null where the library is not installed.</summary>
    private static readonly IntPtr? Handle = NativeLibrary.TryLoad(Library, out IntPtr handle) ? handle : null;

    public static bool IsInstalled => Handle is not null;

    /// <summary>The expression compiled; null if the library refuses it.</summary>
    public static Oniguruma? Compile(string expression)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(expression);
        IntPtr pattern = Marshal.AllocHGlobal(bytes.Length + 1);
        Marshal.Copy(bytes, 0, pattern, bytes.Length);
        IntPtr syntax = Marshal.ReadIntPtr(NativeLibrary.GetExport(Handle!.Value, "OnigDefaultSyntax"));
        IntPtr encoding = NativeLibrary.GetExport(Handle.Value, "OnigEncodingUTF8");
        int result = New(out IntPtr regex, pattern, pattern + bytes.Length, 0, encoding, syntax, IntPtr.Zero);
        Marshal.FreeHGlobal(pattern);
        return result == 0 ? new Oniguruma(regex) : null;
    }

    /// <summary>The first match at or after each character of <paramref name="text"/> and after the last, in UTF-16 units; null where there is none.</summary>
    public List<(int From, int Start, int Length)?> FindFromEverywhere(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        IntPtr start = Marshal.AllocHGlobal(bytes.Length + 1);
        Marshal.Copy(bytes, 0, start, bytes.Length);
        IntPtr region = NewRegion();
        List<(int, int, int)?> found = [];
        for (int from = 0, offset = 0; from <= text.Length;)
        {
            int result = Search(_regex, start, start + bytes.Length, start + offset, start + bytes.Length, region, 0);
            found.Add(result < 0 ? null : (from, Units(bytes, First(region, 8)), Units(bytes, First(region, 16)) - Units(bytes, First(region, 8))));
            if (from == text.Length)
                break;
            Rune rune = Rune.GetRuneAt(text, from);
            (from, offset) = (from + rune.Utf16SequenceLength, offset + rune.Utf8SequenceLength);
        }

        FreeRegion(region, 1);
        Marshal.FreeHGlobal(start);
        return found;
    }

    public void Dispose() => Free(_regex);

    // A region holds two counts, then the arrays of starts and ends.
    private static int First(IntPtr region, int field) => Marshal.ReadInt32(Marshal.ReadIntPtr(region, field));

    private static int Units(byte[] bytes, int count) => Encoding.UTF8.GetCharCount(bytes, 0, count);

    [DllImport(Library, EntryPoint = "onig_new")]
    private static extern int New(out IntPtr regex, IntPtr pattern, IntPtr end, uint options, IntPtr encoding, IntPtr syntax, IntPtr error);

    [DllImport(Library, EntryPoint = "onig_search")]
    private static extern int Search(IntPtr regex, IntPtr text, IntPtr end, IntPtr start, IntPtr range, IntPtr region, uint options);

    [DllImport(Library, EntryPoint = "onig_region_new")]
    private static extern IntPtr NewRegion();

    [DllImport(Library, EntryPoint = "onig_region_free")]
    private static extern void FreeRegion(IntPtr region, int freesSelf);

    [DllImport(Library, EntryPoint = "onig_free")]
    private static extern void Free(IntPtr regex);
}
