using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace CoLlm.ServiceDefaults.Configuration;

/// <summary>Checks the validation attributes of an options object and of everything inside it, and that nothing is null that may not be.</summary>
internal static class AnnotationRules
{
    /// <summary>A sentence for every broken rule, with the path of the value (<c>Models[1].Directory</c>).</summary>
    public static IEnumerable<string> Check(object options) => Check(options, "");

    private static IEnumerable<string> Check(object value, string path)
    {
        List<ValidationResult> results = [];
        Validator.TryValidateObject(value, new ValidationContext(value), results, validateAllProperties: true);
        foreach (ValidationResult result in results)
            yield return $"{path}{string.Join(", ", result.MemberNames)}: {result.ErrorMessage}";

        foreach (PropertyInfo property in value.GetType().GetProperties().Where(property => property.GetIndexParameters().Length == 0))
        {
            object? inside = property.GetValue(value);
            if (inside is null && MayBeNull(property))
                continue;
            foreach (string error in CheckInside(inside, path + property.Name))
                yield return error;
        }
    }

    /// <summary>A null that is said to be wrong already, by its attribute, is not said to be so twice.</summary>
    private static bool MayBeNull(PropertyInfo property) =>
        new NullabilityInfoContext().Create(property).ReadState != NullabilityState.NotNull || property.IsDefined(typeof(RequiredAttribute));

    private static IEnumerable<string> CheckInside(object? value, string path)
    {
        if (value is null)
            return [$"{path} is null, which is no value of it."];
        if (value is string || value.GetType().IsValueType)
            return [];
        if (value is IDictionary dictionary)
            return dictionary.Keys.Cast<object>().SelectMany(key => CheckInside(dictionary[key], $"{path}[{key}]"));
        if (value is IEnumerable list)
            return list.Cast<object?>().SelectMany((item, index) => CheckInside(item, $"{path}[{index}]"));
        return Check(value, path + ".");
    }
}
