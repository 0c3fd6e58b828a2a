/** What makes two events announce the same thing: type and subject. Free of zod: workflow code imports it. */
export const announcementKey = (eventType: string, subject: string): string => `${eventType}/${subject}`;
