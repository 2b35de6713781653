// Wall-clock times between the API's texts and the app's numbers: milliseconds, read as UTC.

/** As the API takes a wall-clock time. */
export const wallText = (wall: number): string => new Date(wall).toISOString().slice(0, -1);
/** The wall clock that an RFC 3339 text shows, whatever its offset. */
export const wallOf = (text: string): number => Date.parse(`${text.replace(/(Z|[+-]\d\d:\d\d)$/, "")}Z`);
