namespace CoLlm.Training.Demo;

/// <summary>How much text is drawn for the demo's models.</summary>
internal sealed record DemoCorpusOptions
{
    /// <value>5</value>
    public ulong Seed { get; init; } = 5;

    /// <summary>Most questions of one task about one entity.</summary>
    /// <value>8</value>
    public int QuestionsPerEntity { get; init; } = 8;

    /// <summary>Most sentences of one wording about one entity.</summary>
    /// <value>6</value>
    public int SentencesPerWording { get; init; } = 6;

    /// <summary>Exercises of each copying family.</summary>
    /// <value>600</value>
    public int ExercisesPerFamily { get; init; } = 600;

    /// <summary>Cut-off questions of each task with a made-up name.</summary>
    /// <value>800</value>
    public int FramesPerTask { get; init; } = 800;

    /// <summary>Experts read every so-maniest short exchange of the base's copying exercises: a taste of conversation, no more.</summary>
    /// <value>8</value>
    public int ExpertExerciseStep { get; init; } = 8;

    /// <summary>Times the conversation stands among the texts of the base, which has many more exercises than everyday exchanges.</summary>
    /// <value>4</value>
    public int ConversationRepeats { get; init; } = 4;

    /// <summary>Sentences and exchanges on each page that an expert reads.</summary>
    /// <value>6</value>
    public int SentencesPerPage { get; init; } = 6;

    /// <summary>Times an expert's whole reading is laid out on pages, each time in another order.</summary>
    /// <value>6</value>
    public int PageEditions { get; init; } = 6;

    /// <summary>Exercises in repeating many words.</summary>
    /// <value>5000</value>
    public int Echoes { get; init; } = 5000;

    /// <summary>Frames of each task with names made of all kinds of words.</summary>
    /// <value>700</value>
    public int EchoFramesPerTask { get; init; } = 700;

    /// <summary>The base reads every so-maniest copying exercise; the tokenizer is made from all.</summary>
    /// <value>3</value>
    public int ExerciseStep { get; init; } = 3;

    /// <summary>Times the few questions for lists come again in the joint training, whose answers are by far the longest.</summary>
    /// <value>8</value>
    public int JointListRepeats { get; init; } = 8;

    /// <summary>Every so-maniest echo comes again in the joint training.</summary>
    /// <value>8</value>
    public int JointEchoStep { get; init; } = 8;

    /// <exception cref="TrainingException">A value is outside its range.</exception>
    public void Validate()
    {
        Check(QuestionsPerEntity, 1000, nameof(QuestionsPerEntity));
        Check(SentencesPerWording, 1000, nameof(SentencesPerWording));
        Check(ExercisesPerFamily, 1_000_000, nameof(ExercisesPerFamily));
        Check(FramesPerTask, 1_000_000, nameof(FramesPerTask));
        Check(ExpertExerciseStep, 1000, nameof(ExpertExerciseStep));
        Check(ConversationRepeats, 1000, nameof(ConversationRepeats));
        Check(Echoes, 1_000_000, nameof(Echoes));
        Check(EchoFramesPerTask, 1_000_000, nameof(EchoFramesPerTask));
        Check(ExerciseStep, 1000, nameof(ExerciseStep));
        Check(JointListRepeats, 1000, nameof(JointListRepeats));
        Check(JointEchoStep, 1000, nameof(JointEchoStep));
        Check(SentencesPerPage, 1000, nameof(SentencesPerPage));
        Check(PageEditions, 1000, nameof(PageEditions));
    }

    private static void Check(int value, int most, string name)
    {
        if (value < 1 || value > most)
            throw new TrainingException($"{name} is {value}; it must be from 1 to {most}.");
    }
}
