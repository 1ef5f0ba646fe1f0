namespace CoLlm.Evaluation.Systems;

/// <summary>A system that an evaluation will run.</summary>
/// <param name="Name">Unique, such as <c>collm@0.3</c>.</param>
/// <param name="Kind">What it is, such as <c>collm</c>: systems of one kind at several rates are drawn as one line.</param>
/// <param name="Description">What a reader of the report should know about it.</param>
/// <param name="RateOf">The system whose realised deferral rate it defers at; null: it needs none.</param>
/// <param name="Create">Makes it, given that rate.</param>
internal sealed record SystemPlan(string Name, string Kind, string Description, string? RateOf, Func<double, ISystemUnderTest> Create);
