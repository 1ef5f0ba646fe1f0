namespace CoLlm.Deploy.Tests.Images;

/// <summary>One instruction, with its continued lines put together.</summary>
/// <param name="Name">In capitals.</param>
/// <param name="Arguments">Everything after it.</param>
internal sealed record Instruction(string Name, string Arguments)
{
    /// <summary>The arguments between blanks, without flags such as <c>--from</c>.</summary>
    public string[] Words => [.. Arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => !word.StartsWith("--", StringComparison.Ordinal))];

    public bool HasFlag(string flag) => Arguments.Split(' ').Any(word => word.StartsWith($"--{flag}", StringComparison.Ordinal));

    /// <summary>A flag's value; null where it is not given.</summary>
    public string? Flag(string flag) => Arguments.Split(' ').FirstOrDefault(word => word.StartsWith($"--{flag}=", StringComparison.Ordinal))?[(flag.Length + 3)..];
}

/// <summary>One stage: what it starts from, and its instructions.</summary>
/// <param name="Base">An image, an argument or another stage.</param>
/// <param name="Name">Empty where it has none.</param>
/// <param name="Instructions">After FROM.</param>
internal sealed record Stage(string Base, string Name, IReadOnlyList<Instruction> Instructions);

/// <summary>A Dockerfile of <c>deploy/docker</c>, as far as its laws need it.</summary>
internal sealed class Dockerfile
{
    private Dockerfile(IReadOnlyDictionary<string, string> arguments, IReadOnlyList<Stage> stages)
    {
        Arguments = arguments;
        Stages = stages;
    }

    /// <summary>All of them, by file name.</summary>
    public static TheoryData<string> Files => [.. DeployTree.Find("docker", "Dockerfile*").Select(file => Path.GetFileName(file)!)];

    /// <summary>ARGs ahead of the first stage, with their defaults.</summary>
    public IReadOnlyDictionary<string, string> Arguments { get; }

    public IReadOnlyList<Stage> Stages { get; }

    public static Dockerfile Read(string file)
    {
        Dictionary<string, string> arguments = new(StringComparer.Ordinal);
        List<(Instruction From, List<Instruction> Instructions)> stages = [];
        foreach (Instruction instruction in Instructions(DeployTree.Read($"docker/{file}")))
        {
            if (instruction.Name == "FROM")
                stages.Add((instruction, []));
            else if (stages.Count > 0)
                stages[^1].Instructions.Add(instruction);
            else
                arguments.Add(instruction.Arguments.Split('=')[0], instruction.Arguments.Split('=', 2)[1]);
        }

        return new Dockerfile(arguments, [.. stages.Select(stage =>
            new Stage(stage.From.Words[0], stage.From.Words.Length == 3 ? stage.From.Words[2] : "", stage.Instructions))]);
    }

    /// <summary>A stage with those that it starts from, the first one first.</summary>
    public IEnumerable<Instruction> Whole(Stage stage) =>
        (Stages.FirstOrDefault(candidate => candidate.Name == stage.Base) is { } below ? Whole(below) : []).Concat(stage.Instructions);

    private static IEnumerable<Instruction> Instructions(string text)
    {
        IEnumerable<string> lines = text.Split('\n').Where(line => line.Trim() is not ("" or ['#', ..]));
        foreach (string line in string.Join('\n', lines).Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        {
            string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
            yield return new Instruction(parts[0], parts[1]);
        }
    }
}
