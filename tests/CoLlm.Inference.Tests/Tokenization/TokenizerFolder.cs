using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Tokenization;

/// <summary>A temporary directory that a test puts tokenizer files into.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("collm-tokenizer-").FullName;

    /// <summary>Copies a golden file, keeping its name.</summary>
    public void Copy(string golden) => System.IO.File.Copy(RepositoryPaths.Golden(golden.Split('/')), File(System.IO.Path.GetFileName(golden)));

    public void Write(string name, string content) => System.IO.File.WriteAllText(File(name), content);

    public void Write(string name, byte[] content) => System.IO.File.WriteAllBytes(File(name), content);

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
