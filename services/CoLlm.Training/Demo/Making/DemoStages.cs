using System.Security.Cryptography;
using System.Text;
using CoLlm.Training.Output;

namespace CoLlm.Training.Demo.Making;

/// <summary>
/// Stages in a work folder, each done once for what it is made from: a stage whose inputs changed is done again, and one that was
/// interrupted goes on where it was.
/// </summary>
/// <param name="work">Their folder; <c>stages/</c> in it remembers what each was made from.</param>
/// <param name="log">Told when a stage begins or is done already.</param>
internal sealed class DemoStages(string work, IProgress<string>? log)
{
    private const string Begun = ".begun";
    private const string Done = ".done";

    /// <summary>Runs a stage unless it is done.</summary>
    /// <param name="name">Unique.</param>
    /// <param name="inputs">Files and folders that decide its result.</param>
    /// <param name="settings">What else does, as text.</param>
    /// <param name="outputs">Folders that belong to it alone; emptied before it is done for other inputs.</param>
    /// <param name="run">Does it, going on from what an interrupted run left in its folders.</param>
    /// <exception cref="TrainingException">An input cannot be read.</exception>
    public async Task RunAsync(string name, IReadOnlyList<string> inputs, string settings, IReadOnlyList<string> outputs, Func<Task> run)
    {
        string fingerprint = FingerprintOf(inputs, settings);
        Directory.CreateDirectory(Path.Combine(work, "stages"));
        if (Read(name + Done) == fingerprint)
        {
            log?.Report($"Stage {name} is done.");
            return;
        }

        log?.Report($"Stage {name} begins.");
        if (Read(name + Begun) != fingerprint)
        {
            File.Delete(PathOf(name + Done));
            foreach (string output in outputs)
                AtomicFolder.Delete(output);
            Write(name + Begun, fingerprint);
        }

        await run();
        Write(name + Done, fingerprint);
    }

    /// <summary>False for what running a model leaves beside it.</summary>
    public static bool IsMade(string file) => !Path.GetFileName(file).Contains(".collm-packed", StringComparison.Ordinal);

    private static string FingerprintOf(IReadOnlyList<string> inputs, string settings)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(settings));
        foreach (string input in inputs)
        {
            try
            {
                foreach (string file in FilesOf(input))
                {
                    hash.AppendData(Encoding.UTF8.GetBytes($"\n{Path.GetRelativePath(input, file).Replace('\\', '/')}\n"));
                    hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new TrainingException($"{input}: cannot be read, {exception.Message}", exception);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<string> FilesOf(string input) =>
        File.Exists(input) ? [input] : Directory.EnumerateFiles(input, "*", SearchOption.AllDirectories).Where(IsMade).Order(StringComparer.Ordinal);

    private string? Read(string name) => File.Exists(PathOf(name)) ? File.ReadAllText(PathOf(name)) : null;

    private void Write(string name, string text) => AtomicFile.WriteText(PathOf(name), text);

    private string PathOf(string name) => Path.Combine(work, "stages", name);
}
